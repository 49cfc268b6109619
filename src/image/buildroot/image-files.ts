// Which of the files in Buildroot's images/ belong to the set, and what they are called there. Pure.
import { failure } from '../../core/errors.ts'

export interface ImageFile {
  /** Below images/. */
  readonly from: string
  /** Below the output. */
  readonly to: string
}

/** Names of kernels, the one that is packed first. */
const KERNELS = ['Image.gz', 'Image', 'zImage', 'bzImage', 'vmlinux']

/** boot/ is as hooks and packages of ours left it; rpi-firmware/ is what the firmware of a Raspberry Pi reads. */
const BOOT = /^(?:boot|rpi-firmware)\/(.+)$/
/** The kernel's device trees; the firmware's own overlays are above. */
const TREE = /\.dtbo?$/

/**
 * @param names of all files
 * @throws image-failed without a kernel
 */
export function imageFiles(names: readonly string[]): ImageFile[] {
  const kernel = KERNELS.find((name) => names.includes(name))
  if (kernel === undefined)
    throw failure('image-failed', {
      what: 'kernel',
      problem: 'Buildroot made none',
      hint: 'buildroot/ of a package says BR2_LINUX_KERNEL=y and in which form',
    })
  const files = names.flatMap((from): ImageFile[] => {
    const boot = BOOT.exec(from)?.[1]
    // the command line is put together for every board in the same way, and boot/cmdline has it
    if (boot !== undefined) return boot === 'cmdline.txt' ? [] : [{ from, to: `boot/${boot}` }]
    return TREE.test(from) ? [{ from, to: `dtbs/${from}` }] : []
  })
  return [{ from: kernel, to: 'kernel' }, ...files]
}
