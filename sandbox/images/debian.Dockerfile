# A workspace image as most are: Debian, a user 1000 with sudo, ssh. root.tar comes from debootstrap. A repository of its own,
# in /srv/apt, has one package, so that apt can be tried without a network.
FROM scratch
ADD root.tar /
RUN useradd --uid 1000 --user-group --shell /bin/bash --create-home dev \
    && echo 'dev ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/dev \
    && chmod 440 /etc/sudoers.d/dev
RUN mkdir -p /srv/apt/tree/DEBIAN /srv/apt/tree/usr/games \
    && cd /srv/apt \
    && printf '#!/bin/sh\necho hello from a package\n' > tree/usr/games/greet \
    && chmod 755 tree/usr/games/greet \
    && printf 'Package: greet\nVersion: 1.0\nArchitecture: all\nMaintainer: nobody <nobody@dcaas.example>\nDescription: says hello\n' > tree/DEBIAN/control \
    && dpkg-deb --root-owner-group --build tree greet.deb \
    && { dpkg-deb --field greet.deb && printf 'Filename: ./greet.deb\nSize: %s\nSHA256: %s\n' \
        "$(stat -c %s greet.deb)" "$(sha256sum greet.deb | cut -d ' ' -f 1)"; } > Packages \
    && rm -r tree \
    && echo 'deb [trusted=yes] file:/srv/apt ./' > sources.list
USER 1000
WORKDIR /home/dev
CMD ["/bin/bash"]
