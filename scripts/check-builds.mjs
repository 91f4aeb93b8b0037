// Jest's globalSetup for tests of built code, which must not run an old build unnoticed.
import { BUILDS, staleBecause } from './builds.mjs';

export default function checkBuilds() {
  for (const build of Object.values(BUILDS)) {
    const reason = staleBecause(build);
    if (reason === undefined) continue;
    throw new Error(
      `These tests would run an old build: ${reason}. Run "npm run ${build.script}" first, or "npm test -- FILES", which builds.`,
    );
  }
}
