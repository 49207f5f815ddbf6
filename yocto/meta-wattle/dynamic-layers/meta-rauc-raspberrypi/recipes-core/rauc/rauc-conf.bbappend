# Its slots are those of wattle-rpi.wks.in. The data are /var/lib here, and there is no /data.
do_install:prepend:hurdle() {
    sed -i 's#^data-directory=.*#data-directory=${localstatedir}/lib/rauc#' ${S}/system.conf
}
