# A workspace's image: CUDA and cuDNN, git, sudo and the usual tools, for user dev (1000). Nothing of dcaas is in it,
# and any other image will do as well. Build it at the repository's root:
#
#   docker build -f infra/image/workspace.Dockerfile infra/image
#
# For nvcc and headers, name the `devel` image of the same version with --build-arg CUDA=…: 10 GB instead of 4.

ARG CUDA=nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04@sha256:ac55d124da4882b497f732d8dfd9a702d5447a5f29d08d56da6f64f0a1eb34bc

FROM ${CUDA}
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# The base image says `all`, which would show every GPU of a machine to a workspace that asked for none.
# The device plugin says which ones a container gets.
ENV NVIDIA_VISIBLE_DEVICES=void \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    LANG=C.UTF-8

# Upstream's versions are Ubuntu 24.04's for its whole life; behind the star come its security fixes.
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
        'bash-completion=1:2.11-*' \
        'build-essential=12.10*' \
        'ca-certificates=20*' \
        'cmake=3.28.*' \
        'curl=8.5.*' \
        'git=1:2.43.*' \
        'git-lfs=3.4.*' \
        'htop=3.3.*' \
        'iproute2=6.1.*' \
        'jq=1.7.*' \
        'less=590-*' \
        'nano=7.2-*' \
        'openssh-client=1:9.6p1-*' \
        'procps=2:4.0.*' \
        'python3=3.12.*' \
        'python3-dev=3.12.*' \
        'python3-pip=24.0*' \
        'python3-venv=3.12.*' \
        'ripgrep=14.1.*' \
        'rsync=3.2.*' \
        'sudo=1.9.15*' \
        'tmux=3.4-*' \
        'unzip=6.0-*' \
        'vim=2:9.1.*' \
        'wget=1.21.*' \
        'zip=3.0-*' \
    && rm -rf /var/lib/apt/lists/*

# The checksum of what does not come from a signed archive stands in the file.
COPY workspace-python.txt /tmp/
RUN python3 -m pip install --no-cache-dir --no-deps --break-system-packages --require-hashes \
        --requirement /tmp/workspace-python.txt \
    && rm /tmp/workspace-python.txt

# The home is a disk that is mounted over this folder, so nothing is put there.
RUN (userdel --remove ubuntu || true) \
    && useradd --uid 1000 --user-group --shell /bin/bash --create-home dev \
    && echo 'dev ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/dev \
    && chmod 440 /etc/sudoers.d/dev \
    && visudo --check --quiet

COPY dcaas-check-gpu /usr/local/bin/
RUN chmod 755 /usr/local/bin/dcaas-check-gpu

USER 1000
WORKDIR /home/dev
CMD ["/bin/bash"]
