# A workspace image with one static shell and nothing else: no C library, no user, no certificates.
FROM scratch
COPY busybox /bin/sh
CMD ["/bin/sh"]
