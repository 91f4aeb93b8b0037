/** `npm run openapi` writes the OpenAPI document of `src/rest` again. */
import { writeArtefacts } from '../asyncapi/write-artefacts.js';
import { generate } from './generate.js';

writeArtefacts(generate);
