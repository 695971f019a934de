# The platform's image: the tree that `dcaas install` copies into a workspace, and nothing else.
# It starts in any image, because it brings its own loader and C library. Build it at the repository's root:
#
#   docker build -f infra/image/platform.Dockerfile --build-arg CODE_VERSION=… --build-arg CODE_SHA256=… .

ARG RUST=rust:1.95.0-bookworm@sha256:6258907abe69656e41cd992e0b705cdcfabcbbe3db374f92ed2d47121282d4a1

FROM ${RUST} AS build
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# The image's own toolchain is the pinned one: nothing more is fetched for rust-toolchain.toml.
ENV RUSTUP_TOOLCHAIN=1.95.0
RUN apt-get update \
    && apt-get install --yes --no-install-recommends 'patchelf=0.14.*' \
    && rm -rf /var/lib/apt/lists/*

# The VS Code CLI that is linked statically: it runs in any image, and chooses the server by what it finds there.
ARG CODE_VERSION
ARG CODE_SHA256
RUN if [ -z "${CODE_VERSION:-}" ] || [ -z "${CODE_SHA256:-}" ]; then \
        echo 'Give CODE_VERSION and CODE_SHA256 with --build-arg: infra/image/code-version prints those of today.' >&2; \
        exit 1; \
    fi \
    && curl --fail --silent --show-error --location --proto '=https' --output /tmp/code.tar.gz \
        "https://update.code.visualstudio.com/${CODE_VERSION}/cli-alpine-x64/stable" \
    && echo "${CODE_SHA256}  /tmp/code.tar.gz" | sha256sum --check --strict - \
    && tar -xzf /tmp/code.tar.gz -C /usr/local/bin code \
    && rm /tmp/code.tar.gz

WORKDIR /source
COPY . .
RUN cargo build --release --locked --package dcaas --bin dcaas

# The tree lies at the same place here and in a workspace; at the end it shows that it needs nothing else.
RUN infra/image/tree /tree/opt/dcaas /opt/dcaas target/release/dcaas /usr/local/bin/code \
    && install -m 644 /etc/ssl/certs/ca-certificates.crt /tree/opt/dcaas/ca.pem \
    && chroot /tree /opt/dcaas/bin/dcaas --version \
    && chroot /tree /opt/dcaas/bin/code --version

FROM scratch
COPY --from=build /tree /
ENTRYPOINT ["/opt/dcaas/bin/dcaas"]
