/** `npm run openapi` writes the OpenAPI documents of `src/rest` and of `src/admin/api` again. */
import { writeArtefacts } from '../asyncapi/write-artefacts.js';
import { generateAdmin } from './admin/generate.js';
import { generate } from './generate.js';

writeArtefacts(async (root) => [...(await generate(root)), ...(await generateAdmin(root))]);
