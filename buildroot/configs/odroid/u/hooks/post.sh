#!/bin/sh
# U-Boot, beside the signed stages that load it.
set -eu
images=$1
mkdir -p "$images/boot/bootloader"
cp "$images/u-boot-dtb.bin" "$images/boot/bootloader/u-boot.bin"
