# The router. See deploy/images/README.md.
ARG BASE=debian:bookworm-slim
ARG NODE=node:22-bookworm-slim
ARG RUST=rust:1.95-bookworm
# Where the program comes from: "built" compiles it, "prebuilt" takes the file opencode-router from the context.
ARG PROGRAM=built

FROM --platform=$BUILDPLATFORM ${NODE} AS web
WORKDIR /web
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY web ./
RUN npm run build

FROM ${RUST} AS built
WORKDIR /router
COPY Cargo.toml Cargo.lock ./
COPY src src
COPY --from=web /web/dist web/dist
RUN cargo build --release --locked && cp target/release/opencode-router /

FROM ${BASE} AS prebuilt
COPY opencode-router /

FROM ${PROGRAM} AS program

FROM ${BASE}
RUN apt-get update -qq && \
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ca-certificates && \
    rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/*
USER 65532:65532
EXPOSE 3000 4096
ENTRYPOINT ["opencode-router"]
# Last, as it is all that changes from one version to the next.
COPY --from=program /opencode-router /usr/local/bin/opencode-router
