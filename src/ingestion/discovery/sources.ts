import type { Settings } from '../../config/settings.ts'
import type { Logger } from '../../log.ts'
import { anySource } from './any.ts'
import { apifySource } from './apify.ts'
import { archiveSource } from './archive.ts'
import { commonsSource } from './commons.ts'
import { folderSource } from './folder.ts'
import { linkOnlySource } from './link-only.ts'
import { nasaSource } from './nasa.ts'
import type { Platform, SitePlatform, Source } from './source.ts'
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
  const sourceOf = (platform: SitePlatform) => sources[platform]
  const sources: Record<Exclude<Platform, 'upload'>, Source> = {
    youtube: apifySource(settings, logger, 'youtube', youtubeSource(settings, logger)),
    tiktok: apifySource(settings, logger, 'tiktok', linkOnlySource(settings, logger, 'tiktok')),
    instagram: apifySource(
      settings,
      logger,
      'instagram',
      linkOnlySource(settings, logger, 'instagram'),
    ),
    commons: commonsSource(settings),
    archive: archiveSource(settings),
    nasa: nasaSource(settings),
    folder: folderSource(logger),
    urls: urlsSource(settings, logger, sourceOf),
    any: anySource(settings, logger, sourceOf),
  }
  return sources
}
