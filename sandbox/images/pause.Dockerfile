# Holds a pod's network namespace: something that does nothing.
FROM scratch
COPY busybox /bin/busybox
ENTRYPOINT ["/bin/busybox", "sleep", "infinity"]
