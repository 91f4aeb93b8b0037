# A tag. For a repeatable build, name the digest instead:
# --build-arg NODE_IMAGE=node:24-bookworm-slim@sha256:...
ARG NODE_IMAGE=node:24-bookworm-slim
# The base of the last stage. For a base without a shell:
# --build-arg RUNTIME_IMAGE=gcr.io/distroless/nodejs24-debian12:nonroot
ARG RUNTIME_IMAGE=runtime

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
# No package that builds or runs the gateway needs its install script, and a script that does not
# run cannot do harm.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY src src
COPY tools tools
COPY scripts/build-native.mjs scripts/builds.mjs scripts/bundle-client.mjs scripts/bundle-ops.mjs scripts/handshake-check.mjs scripts/healthcheck.mjs scripts/
COPY native native
# The page of /ops.
COPY ops ops
# The client for browsers, which the gateway serves, and the live page, which is built on it.
COPY clients/typescript/src clients/typescript/src
COPY web web
# The contract's document, which the gateway serves.
COPY docs/asyncapi.json docs/asyncapi.yaml docs/openapi.json docs/openapi.yaml docs/admin-openapi.json docs/admin-openapi.yaml docs/
# The compiler of the optional addon, which makes fan-out cheaper. Without it, the build still
# succeeds. It stays in this stage.
RUN command -v cc > /dev/null \
 || (apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev) \
 || echo 'No C compiler: the addon is left out.'
# COPY keeps the file modes of the checkout, which may be too strict for the user below, or too lax.
# The scripts of the build are not needed afterwards. The client's source map is served with it.
RUN npm run build \
 && find dist -type f \( -name '*.ts' -o -name '*.map' -o -name '*.tsbuildinfo' \) ! -path 'dist/client/*' -delete \
 && rm scripts/build-native.mjs scripts/builds.mjs scripts/bundle-client.mjs scripts/bundle-ops.mjs \
 && chmod -R u=rwX,go=rX scripts dist

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# Types, TypeScript and source maps are half of what is installed, and nothing reads them at run
# time. Only the maps of the client library are needed, because the gateway serves them with it.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
 && find node_modules -type f \( -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.map' \) \
    ! -path 'node_modules/socket.io/client-dist/*' -delete

# The software bill of materials lists what was installed, not what the lock file promises. npm
# rejects a tree without the development packages while package.json names them.
FROM dependencies AS sbom
ARG NODE_IMAGE
ARG RUNTIME_IMAGE
COPY scripts/sbom.mjs scripts/
COPY --from=build /app/dist/node_modules copied
RUN npm pkg delete devDependencies workspaces \
 && npm sbom --sbom-format cyclonedx > npm-sbom.json \
 && node scripts/sbom.mjs copied < npm-sbom.json > sbom.cdx.json \
 && chmod 644 sbom.cdx.json

FROM ${NODE_IMAGE} AS runtime
ARG NODE_IMAGE
LABEL org.opencontainers.image.base.name="${NODE_IMAGE}"
# Without package managers, an intruder cannot install anything with them, and scanners do not
# report programs that are never used.
RUN rm -rf /usr/local/lib/node_modules /opt/yarn-* \
    /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn /usr/local/bin/yarnpkg

# From here on there are only copies, because this stage may not have a shell.
FROM ${RUNTIME_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
# The publisher adds the labels that only the publisher knows (created, source, url, documentation)
# with `docker build --label`: docs/docker.md.
LABEL org.opencontainers.image.title="DeltaStream Socket Gateway" \
      org.opencontainers.image.description="Carries DeltaStream's enriched option-market data from Redis to Socket.IO clients" \
      org.opencontainers.image.vendor="DeltaStream" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="UNLICENSED"
# /nodejs/bin is where distroless images have node.
ENV NODE_ENV=production \
    PATH="${PATH}:/nodejs/bin"
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
# healthcheck.mjs, and handshake-check.mjs, which `helm test` runs.
COPY --from=build /app/scripts scripts
COPY --from=sbom /app/sbom.cdx.json sbom.cdx.json
# The files belong to root, so the process that serves clients cannot change its own code. The user
# is a number, because Kubernetes' `runAsNonRoot` rejects a name: it cannot know that the name is
# not root.
USER 1000:1000
EXPOSE 8002
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["node", "scripts/healthcheck.mjs"]
STOPSIGNAL SIGTERM
# Without the base's entry-point script and without npm, the process gets SIGTERM itself.
ENTRYPOINT []
CMD ["node", "dist/src/main.js"]
