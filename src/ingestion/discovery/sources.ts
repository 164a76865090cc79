import type { Settings } from '../../config/settings.ts'
import type { Logger } from '../../log.ts'
import { commonsSource } from './commons.ts'
import { folderSource } from './folder.ts'
import { linkOnlySource } from './link-only.ts'
import type { Platform, Source } from './source.ts'
import { urlsSource } from './urls.ts'
import { youtubeSource } from './youtube.ts'

/** Every source by its platform. Opens nothing: connections and programs start with `discover`. */
export function openSources(settings: Settings, logger: Logger): Record<Platform, Source> {
  const sources: Record<Platform, Source> = {
    youtube: youtubeSource(settings, logger),
    tiktok: linkOnlySource(settings, logger, 'tiktok'),
    instagram: linkOnlySource(settings, logger, 'instagram'),
    commons: commonsSource(settings),
    folder: folderSource(logger, 'folder'),
    urls: urlsSource(settings, logger, (platform) => sources[platform]),
    upload: folderSource(logger, 'upload'),
  }
  return sources
}
