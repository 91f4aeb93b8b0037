/** `npm run asyncapi` writes the AsyncAPI document of `src/contract` again. */
import { writeArtefacts } from './write-artefacts.js';
import { generate } from './generate.js';

writeArtefacts(generate);
