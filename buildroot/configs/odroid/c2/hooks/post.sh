#!/bin/sh
# Packs U-Boot with the firmware that runs beside it and signs both, as the boot ROM of the S905 wants them.
set -eu
images=$1
out=$images/boot/bootloader
mkdir -p "$out"
"$HOST_DIR/bin/fip_create" --bl30 "$images/bl30.bin" --bl301 "$images/bl301.bin" --bl31 "$images/bl31.bin" \
	--bl33 "$images/u-boot.bin" "$out/fip.bin"
cat "$images/bl2.package" "$out/fip.bin" >"$out/package.bin"
"$HOST_DIR/bin/amlbootsig" "$out/package.bin" "$out/signed.bin"
# the first 48 KiB are the ROM's header and BL1's place; what follows goes to sector 97 of the card
dd if="$out/signed.bin" of="$out/u-boot.bin" bs=512 skip=96 status=none
cp "$images/bl1.bin.hardkernel" "$out/bl1.bin"
rm "$out/fip.bin" "$out/package.bin" "$out/signed.bin"
