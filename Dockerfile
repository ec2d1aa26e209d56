# The pipeline as `docker compose up` runs it: `millrace dev`, against the servers that the environment names.
FROM node:22.21.1-slim

WORKDIR /app

# Packages change less often than code: a layer of their own. DynamoDB Local and the checks are not among them.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --no-audit --no-fund --loglevel=error

COPY LICENSE tsconfig.json pipeline.ts ./
COPY handlers handlers
COPY src src

# The image's user `node`, by number; a volume on /data takes over the folder's owner.
RUN mkdir /data && chown 1000:1000 /data
USER 1000:1000
VOLUME /data

CMD ["node", "--import", "tsx", "src/cli/main.ts", "dev", "--no-watch", "--ready-file", "/tmp/millrace-ready", "--data", "/data"]
