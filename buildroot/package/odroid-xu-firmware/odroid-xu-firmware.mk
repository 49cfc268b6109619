################################################################################
#
# odroid-xu-firmware
#
################################################################################

# The variant of BL2 that loads a U-Boot of up to 1 MB, which mainline's needs.
ODROID_XU_FIRMWARE_VERSION = odroidxu3-v2012.07
ODROID_XU_FIRMWARE_SITE = https://raw.githubusercontent.com/hardkernel/u-boot/$(ODROID_XU_FIRMWARE_VERSION)/sd_fuse/hardkernel_1mb_uboot
ODROID_XU_FIRMWARE_SOURCE = bl1.bin.hardkernel
ODROID_XU_FIRMWARE_EXTRA_DOWNLOADS = bl2.bin.hardkernel.1mb_uboot tzsw.bin.hardkernel
ODROID_XU_FIRMWARE_LICENSE = PROPRIETARY
ODROID_XU_FIRMWARE_REDISTRIBUTE = NO
ODROID_XU_FIRMWARE_INSTALL_TARGET = NO
ODROID_XU_FIRMWARE_INSTALL_IMAGES = YES

define ODROID_XU_FIRMWARE_EXTRACT_CMDS
	$(foreach f,$(ODROID_XU_FIRMWARE_SOURCE) $(ODROID_XU_FIRMWARE_EXTRA_DOWNLOADS), \
		cp $(ODROID_XU_FIRMWARE_DL_DIR)/$(f) $(@D)/$(sep))
endef

define ODROID_XU_FIRMWARE_INSTALL_IMAGES_CMDS
	$(INSTALL) -D -m 0644 $(@D)/bl1.bin.hardkernel $(BINARIES_DIR)/boot/bootloader/bl1.bin
	$(INSTALL) -D -m 0644 $(@D)/bl2.bin.hardkernel.1mb_uboot $(BINARIES_DIR)/boot/bootloader/bl2.bin
	$(INSTALL) -D -m 0644 $(@D)/tzsw.bin.hardkernel $(BINARIES_DIR)/boot/bootloader/tzsw.bin
endef

$(eval $(generic-package))
