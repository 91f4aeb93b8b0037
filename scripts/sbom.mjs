// Completes the software bill of materials of the image. The Dockerfile runs it, and nothing else:
//
//   npm sbom --sbom-format cyclonedx | node sbom.mjs COPIED > sbom.cdx.json
//
// npm lists what is in node_modules. This adds what else the image has: the packages in the folder
// COPIED, which the build copies next to the compiled gateway, the base image and its Node.js.
// RUNTIME_IMAGE and NODE_IMAGE are the arguments of the build.
import { Buffer } from 'node:buffer';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { text } from 'node:stream/consumers';

const { RUNTIME_IMAGE, NODE_IMAGE } = process.env;
/** The name that the stage of the Dockerfile has that is made from NODE_IMAGE. */
const OWN_STAGE = 'runtime';

const bom = JSON.parse(await text(process.stdin));

// Without them, the same sources give the same file. Both are optional in CycloneDX.
delete bom.serialNumber;
delete bom.metadata.timestamp;
// npm uses the name of the folder.
bom.metadata.component.name = 'deltastream-socket-gateway';
bom.metadata.component.type = 'application';

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
for (const name of packagesIn(process.argv[2])) {
  const { version, license, integrity } = packages[`node_modules/${name}`];
  add({
    type: 'library',
    name,
    version,
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
    licenses: [{ license: { id: license } }],
    hashes: [
      {
        alg: 'SHA-512',
        content: Buffer.from(integrity.slice('sha512-'.length), 'base64').toString('hex'),
      },
    ],
  });
}

const ownBase = RUNTIME_IMAGE === OWN_STAGE;
add({ type: 'container', name: ownBase ? NODE_IMAGE : RUNTIME_IMAGE, description: 'The base image.' });
// Another base has a Node.js of its own, which this build does not see.
if (ownBase) {
  const { node } = process.versions;
  add({
    type: 'platform',
    name: 'node',
    version: node,
    purl: `pkg:generic/node@${node}`,
    cpe: `cpe:2.3:a:nodejs:node.js:${node}:*:*:*:*:*:*:*`,
  });
}
console.log(JSON.stringify(bom, undefined, 2));

function add(component) {
  const { name, version } = component;
  bom.components.push({ 'bom-ref': version === undefined ? name : `${name}@${version}`, ...component });
}

/** The names of the packages in a folder such as node_modules. */
function packagesIn(folder) {
  return readdirSync(folder).flatMap((name) =>
    name.startsWith('@') ? readdirSync(join(folder, name)).map((inner) => `${name}/${inner}`) : [name],
  );
}
