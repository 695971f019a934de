# A workspace image of a user whom nobody expects.
FROM scratch
COPY busybox /bin/sh
COPY busybox /bin/busybox
USER 2000:2000
CMD ["/bin/sh"]
