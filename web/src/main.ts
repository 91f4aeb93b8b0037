import './styles/tokens.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/watchlist.css';
import './styles/product.css';
import './styles/connection.css';
import { App } from './app.js';

new App().start();
