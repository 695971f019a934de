# A workspace image in whose root its user can write nothing, not even /tmp.
FROM scratch
COPY --chmod=555 busybox /bin/sh
COPY --chmod=555 busybox /bin/busybox
RUN ["/bin/busybox", "mkdir", "-m", "555", "/tmp"]
USER 3000:3000
CMD ["/bin/sh"]
