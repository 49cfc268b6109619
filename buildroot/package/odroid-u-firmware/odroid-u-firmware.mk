################################################################################
#
# odroid-u-firmware
#
################################################################################

# Nothing is released: these are files of a branch that nobody changes any
# more, and their hashes say which.
ODROID_U_FIRMWARE_VERSION = odroid-v2010.12
ODROID_U_FIRMWARE_SITE = https://raw.githubusercontent.com/hardkernel/u-boot/$(ODROID_U_FIRMWARE_VERSION)/sd_fuse
ODROID_U_FIRMWARE_SOURCE = bl1.HardKernel
ODROID_U_FIRMWARE_EXTRA_DOWNLOADS = bl2.HardKernel tzsw.HardKernel
ODROID_U_FIRMWARE_LICENSE = PROPRIETARY
ODROID_U_FIRMWARE_REDISTRIBUTE = NO
ODROID_U_FIRMWARE_INSTALL_TARGET = NO
ODROID_U_FIRMWARE_INSTALL_IMAGES = YES

define ODROID_U_FIRMWARE_EXTRACT_CMDS
	$(foreach f,$(ODROID_U_FIRMWARE_SOURCE) $(ODROID_U_FIRMWARE_EXTRA_DOWNLOADS), \
		cp $(ODROID_U_FIRMWARE_DL_DIR)/$(f) $(@D)/$(sep))
endef

define ODROID_U_FIRMWARE_INSTALL_IMAGES_CMDS
	$(INSTALL) -D -m 0644 $(@D)/bl1.HardKernel $(BINARIES_DIR)/boot/bootloader/bl1.bin
	$(INSTALL) -D -m 0644 $(@D)/bl2.HardKernel $(BINARIES_DIR)/boot/bootloader/bl2.bin
	$(INSTALL) -D -m 0644 $(@D)/tzsw.HardKernel $(BINARIES_DIR)/boot/bootloader/tzsw.bin
endef

$(eval $(generic-package))
