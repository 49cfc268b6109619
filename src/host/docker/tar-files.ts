// Small files out of a tar that is in memory.
import tarStream from 'tar-stream'

/**
 * The content of the files that are wanted, by name without `./`. Links, folders and devices are passed over.
 * @throws for what is no tar
 */
export async function filesOfTar(
  tar: Uint8Array,
  wanted: (name: string) => boolean,
): Promise<ReadonlyMap<string, Buffer>> {
  const extract = tarStream.extract()
  const files = new Map<string, Buffer>()
  extract.end(tar)
  for await (const entry of extract) {
    const name = entry.header.name.replace(/^(\.\/)+/, '')
    if (entry.header.type === 'file' && wanted(name)) {
      const chunks: Buffer[] = []
      for await (const chunk of entry as AsyncIterable<Buffer>) chunks.push(Buffer.from(chunk))
      files.set(name, Buffer.concat(chunks))
    } else entry.resume()
  }
  return files
}
