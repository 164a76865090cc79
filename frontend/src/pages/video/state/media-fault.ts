/**
 * `unplayable`: the browser knows no such format. `no-picture`: it plays the sound alone.
 * `network`: the file did not come.
 */
export interface MediaFault {
  kind: 'unplayable' | 'no-picture' | 'network'
  message: string
}

/** Why a <video> failed. Browsers call a file that did not come unplayable too: so it is asked for. */
export async function diagnose(video: HTMLVideoElement): Promise<MediaFault> {
  const url = video.currentSrc || video.src
  const came =
    video.error?.code !== 2 /* MEDIA_ERR_NETWORK */ &&
    (await fetch(url, { headers: { range: 'bytes=0-0' } }).then(
      (response) => response.ok,
      () => false,
    ))
  return came
    ? { kind: 'unplayable', message: 'This browser does not play the format of this file.' }
    : { kind: 'network', message: 'The file did not come from the server.' }
}
