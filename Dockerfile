ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY src src
COPY tools tools
# What the gateway serves of its contract.
COPY docs/asyncapi.json docs/asyncapi.yaml docs/
RUN npm run build

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM ${NODE_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="DeltaStream Socket Gateway" \
      org.opencontainers.image.description="Carries DeltaStream's enriched option-market data from Redis to Socket.IO clients" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="UNLICENSED"
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY scripts/healthcheck.mjs scripts/
# What `helm test` runs; as a health check: --health-cmd "node scripts/handshake-check.mjs --allow-unready".
COPY scripts/handshake-check.mjs scripts/
# The files stay root's: the process that faces the clients cannot change its own code.
USER node
EXPOSE 8002
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["node", "scripts/healthcheck.mjs"]
# Not by npm, which would stand between the process and its SIGTERM.
CMD ["node", "dist/src/main.js"]
