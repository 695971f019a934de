# A workspace image as most are: Debian, a user 1000 with sudo, ssh. root.tar comes from debootstrap.
FROM scratch
ADD root.tar /
RUN useradd --uid 1000 --user-group --shell /bin/bash --create-home dev \
    && echo 'dev ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/dev \
    && chmod 440 /etc/sudoers.d/dev
USER 1000
WORKDIR /home/dev
CMD ["/bin/bash"]
