# syntax=docker/dockerfile:1
# One image for both roles. What it holds is JavaScript, and prebuilt add-ons for every architecture, so it is built on the
# builder's own and never emulated:
#   docker buildx build --platform linux/amd64,linux/arm64 --tag REGISTRY/spool-bench --push .
FROM --platform=$BUILDPLATFORM node:22-bookworm-slim@sha256:53ada149d435c38b14476cb57e4a7da73c15595aba79bd6971b547ceb6d018bf AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts scripts
COPY proto proto
COPY coordinator coordinator
COPY agent agent
RUN npm run build && mkdir /empty

FROM --platform=$BUILDPLATFORM node:22-bookworm-slim@sha256:53ada149d435c38b14476cb57e4a7da73c15595aba79bd6971b547ceb6d018bf AS packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM gcr.io/distroless/nodejs22-debian12:nonroot@sha256:13593b7570658e8477de39e2f4a1dd25db2f836d68a0ba771251572d23bb4f8e
WORKDIR /app
COPY --from=packages /app/package.json ./
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist dist
# Volumes that are mounted here take over the owner.
COPY --from=build --chown=65532:65532 /empty /results
COPY --from=build --chown=65532:65532 /empty /identity
ENV NODE_ENV=production
USER 65532:65532
ENTRYPOINT ["/nodejs/bin/node"]
CMD ["/app/dist/coordinator/main.js", "--help"]
