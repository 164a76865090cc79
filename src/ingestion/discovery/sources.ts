import type { Settings } from '../../config/settings.ts'
import type { Logger } from '../../log.ts'
import { commonsSource } from './commons.ts'
import { folderSource } from './folder.ts'
import { linkOnlySource } from './link-only.ts'
import type { Platform, Source } from './source.ts'
import { urlsSource } from './urls.ts'
import { youtubeSource } from './youtube.ts'

/**
 * The sources outside the library by their platform; an upload's is the object store's own. Opens
 * nothing: connections and programs start with `discover`.
 */
export function openSources(
  settings: Settings,
  logger: Logger,
): Record<Exclude<Platform, 'upload'>, Source> {
  const sources: Record<Exclude<Platform, 'upload'>, Source> = {
    youtube: youtubeSource(settings, logger),
    tiktok: linkOnlySource(settings, logger, 'tiktok'),
    instagram: linkOnlySource(settings, logger, 'instagram'),
    commons: commonsSource(settings),
    folder: folderSource(logger),
    urls: urlsSource(settings, logger, (platform) => sources[platform]),
  }
  return sources
}
