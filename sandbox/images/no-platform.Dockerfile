# A platform's image whose program is another one, and can not install anything.
FROM scratch
COPY busybox /opt/dcaas/bin/dcaas
