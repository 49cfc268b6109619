// The images that a Dockerfile needs, each with how it is used and what in the file concerns it.
import { parsePlatform } from '../../core/platform.ts'
import type { Dockerfile, DockerfileStage } from '../dockerfile/read.ts'
import type { ImageNeed } from './world.ts'

type Read = Pick<Dockerfile, 'images' | 'stages' | 'uses'>

/** The one that `# syntax=` names is left out: another platform's will not do there. */
export function needsOf({ images, stages, uses }: Read): ImageNeed[] {
  const needed = stages.filter((stage) => stage.needed)
  const indices = new Set(needed.map(({ index }) => index))
  return images.map(({ reference, platform }) => {
    const named = uses.filter((use) => use.reference === reference && indices.has(use.stage)).length
    const started = needed.filter(({ base }) => base.kind === 'image' && base.reference === reference).length
    return {
      reference,
      platform: platform === undefined ? undefined : parsePlatform(platform),
      // named more often than as a base: by a COPY --from as well
      copied: named > started,
      text: textOn(reference, needed),
    }
  })
}

/** The steps of the stages that are built on an image, and what any stage copies out of another or out of an image. */
function textOn(reference: string, stages: readonly DockerfileStage[]): string {
  const on = new Set<number>()
  for (const { index, base } of stages)
    if (base.kind === 'image' ? base.reference === reference : base.kind === 'stage' && on.has(base.index))
      on.add(index)
  return stages
    .flatMap(({ index, instructions }) =>
      instructions.filter(({ keyword }) => on.has(index) || keyword === 'COPY'),
    )
    .map(({ source, heredocs }) => [source.text, ...heredocs.map(({ text }) => text)].join('\n'))
    .join('\n')
}
