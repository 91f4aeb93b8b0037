# By tag; a build that can be repeated names the digest: --build-arg NODE_IMAGE=node:24-bookworm-slim@sha256:...
ARG NODE_IMAGE=node:24-bookworm-slim
# What the gateway stands on. For one without a shell: --build-arg RUNTIME_IMAGE=gcr.io/distroless/nodejs24-debian12:nonroot
ARG RUNTIME_IMAGE=runtime

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
# No package that builds or runs the gateway needs its install script, and what does not run cannot do harm.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY src src
COPY tools tools
COPY scripts scripts
# What the gateway serves of its contract.
COPY docs/asyncapi.json docs/asyncapi.yaml docs/
# COPY keeps the modes of whoever's checkout this is: too strict for the user below, or too lax.
RUN npm run build && find dist -type f \( -name '*.ts' -o -name '*.map' -o -name '*.tsbuildinfo' \) -delete && chmod -R u=rwX,go=rX scripts dist

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# Types, TypeScript and source maps are half of what is installed, and nothing reads them at run time, but for the maps of the client
# library, which the gateway serves beside it.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
 && find node_modules -type f \( -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.map' \) \
    ! -path 'node_modules/socket.io/client-dist/*' -delete

FROM ${NODE_IMAGE} AS runtime
ARG NODE_IMAGE
LABEL org.opencontainers.image.base.name="${NODE_IMAGE}"
# Whoever gets in finds nothing to install more with, and scanners nothing to report that is never used.
RUN rm -rf /usr/local/lib/node_modules /opt/yarn-* \
    /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn /usr/local/bin/yarnpkg

# Only copies from here on: nothing in this stage may need a shell.
FROM ${RUNTIME_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
# Those that only the publisher knows (created, source, url, documentation) come by `docker build --label`: docs/docker.md.
LABEL org.opencontainers.image.title="DeltaStream Socket Gateway" \
      org.opencontainers.image.description="Carries DeltaStream's enriched option-market data from Redis to Socket.IO clients" \
      org.opencontainers.image.vendor="DeltaStream" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="UNLICENSED"
# /nodejs/bin: where distroless has node.
ENV NODE_ENV=production \
    PATH="${PATH}:/nodejs/bin"
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
# healthcheck.mjs, and handshake-check.mjs that `helm test` runs.
COPY --from=build /app/scripts scripts
# The files stay root's: the process that faces the clients cannot change its own code. By number, since `runAsNonRoot` of
# Kubernetes refuses a name: it cannot know that it is not root's.
USER 1000:1000
EXPOSE 8002
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["node", "scripts/healthcheck.mjs"]
STOPSIGNAL SIGTERM
# Neither the base's shell script nor npm stands between the process and its SIGTERM.
ENTRYPOINT []
CMD ["node", "dist/src/main.js"]
