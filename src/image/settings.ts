// Every setting of the skiff tool in one table: they are environment variables, so that make hands them on.
import { failure } from '../core/errors.ts'
import type { Target } from './workspace/plan.ts'

interface ImageSetting {
  readonly doc: string
  readonly default: string
  /** What must be made anew when it changes; nothing for those that do not show in an image. */
  readonly rebuilds?: Target
  /** The words it may be. */
  readonly oneOf?: readonly string[]
  /** It counts for the one run that names it; a workspace does not go on with it. */
  readonly once?: boolean
}

/** The table. A setting with `rebuilds` is kept with the workspace and compared. */
export const imageSettings = {
  SKIFF_CONFIG: { default: '', doc: 'Configuration packages, separated by commas; later ones win.' },
  SKIFF_WORKSPACE: { default: 'default', doc: 'Name of the workspace; several can be used side by side.' },
  SKIFF_EXTRA_CONFIGS_PATH: {
    default: '',
    doc: 'Folders with packages, separated by colons, looked at before the built-in ones; none for none.',
  },
  SKIFF_ASSEMBLER: {
    default: 'debian',
    doc: 'What makes the image: debian (minutes) or buildroot (from source).',
    rebuilds: 'everything',
    oneOf: ['debian', 'buildroot'],
  },
  SKIFF_ARCHITECTURE: {
    default: '',
    doc: 'Of the Debian assembler: another architecture than that of the chain.',
    rebuilds: 'everything',
  },
  SKIFF_DEBIAN_SUITE: {
    default: 'trixie',
    doc: 'The Debian that images are made of.',
    rebuilds: 'everything',
  },
  SKIFF_DEBIAN_NEWER_SUITE: {
    default: 'forky',
    doc: 'The Debian that a program comes from whose version in the other is too old, with its libraries.',
    rebuilds: 'everything',
  },
  SKIFF_DEBIAN_MIRROR: { default: '', doc: "A mirror in place of Debian's own.", rebuilds: 'everything' },
  SKIFF_BUILDROOT: {
    default: '',
    doc: 'A Buildroot tree that is there; the pinned release by default.',
    rebuilds: 'image',
  },
  SKIFF_BUILDROOT_URL: { default: '', doc: 'Where another release of Buildroot is.', rebuilds: 'image' },
  SKIFF_BUILDROOT_SHA256: { default: '', doc: 'What that release must be.', rebuilds: 'image' },
  SKIFF_BUILDROOT_CACHE: {
    default: '',
    doc: "Folder of Buildroot's release and downloads; ~/.cache/skiff/buildroot by default.",
  },
  SKIFF_JOBS: { default: '', doc: 'Compilers that run at once; as many as processors by default.' },
  SOURCE_DATE_EPOCH: {
    default: '',
    doc: 'Seconds since 1970 that the files of the image bear; now by default.',
    rebuilds: 'image',
    once: true,
  },
  SKIFF_NO_INTERACTIVE: { default: '', doc: 'Anything but the empty text answers every question with yes.' },
  SKIFF_WORKSPACES: { default: '', doc: 'Folder of the workspaces; workspaces/ of the checkout by default.' },
} as const satisfies Record<string, ImageSetting>

export type ImageSettingName = keyof typeof imageSettings

const entries = Object.entries(imageSettings) as [ImageSettingName, ImageSetting][]
export const imageSettingNames = entries.map(([name]) => name)

/**
 * The value of a setting; the empty text is as good as none.
 * @param remembered in force when the variable is not there at all
 * @throws setting-invalid
 */
export function imageSetting(env: NodeJS.ProcessEnv, name: ImageSettingName, remembered?: string): string {
  const setting: ImageSetting = imageSettings[name]
  const value = (env[name] ?? remembered) || setting.default
  if (setting.oneOf && !setting.oneOf.includes(value))
    throw failure('setting-invalid', {
      setting: name,
      problem: `${JSON.stringify(value.slice(0, 60))} is not known`,
      hint: `one of ${setting.oneOf.join(', ')}`,
    })
  return value
}

/**
 * The settings that show in an image, with their values.
 * @param remembered of the workspace, for those that the environment does not name
 * @throws setting-invalid
 */
export const optionsFrom = (
  env: NodeJS.ProcessEnv,
  remembered: Readonly<Record<string, string>> = {},
): Record<string, string> =>
  Object.fromEntries(
    entries
      .filter(([, { rebuilds }]) => rebuilds !== undefined)
      .map(([name, { once }]) => [name, imageSetting(env, name, once ? undefined : remembered[name])]),
  )

/** What a changed option touches; all, for one that this version does not know. */
export const targetOfOption = (name: string): Target =>
  entries.find(([known]) => known === name)?.[1].rebuilds ?? 'everything'
