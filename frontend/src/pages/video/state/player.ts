import { diagnose, type MediaFault } from './media-fault.ts'

/** A stretch that plays again and again. Seconds. */
export interface Loop {
  start: number
  end: number
  label: string
}

export interface PlayState {
  /** Seconds from the start of the presentation. */
  time: number
  duration: number
  playing: boolean
  /** The picture of `time` is there; before that the poster is, which boxes do not belong to. */
  shown: boolean
  /** The browser waits for data. */
  waiting: boolean
  rate: number
  /** 0–1. */
  volume: number
  muted: boolean
  loop: Loop | null
  /** The browser does not play the file, or not its pictures: keyframes stand in. */
  fault: MediaFault | null
}

/** Seconds; some browsers do not count going from 0 to 0 as going. */
const FIRST_PICTURE = 1e-3

export const RATES = [0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4] as const

/**
 * What plays, and where it is: the one truth that picture, timeline and panels follow. It lives
 * outside React, so that a frame costs only those who look at what it changed. With a <video> it
 * follows that; without one that plays it keeps the time itself, so that keyframes can be browsed.
 */
export class Player {
  #state: PlayState
  #listeners = new Set<() => void>()
  #video: HTMLVideoElement | null = null
  #stopTicks: (() => void) | null = null
  /** Where to go as soon as the duration is known; seconds. */
  #wish: number | null = null

  /** `duration` and `time` in seconds; a duration of 0 is one that is not known yet. */
  constructor(duration: number, time = 0) {
    if (duration <= 0) this.#wish = time
    this.#state = {
      time: Math.min(Math.max(0, time), duration),
      duration,
      playing: false,
      shown: false,
      waiting: false,
      rate: 1,
      volume: 1,
      muted: false,
      loop: null,
      fault: null,
    }
  }

  get state(): PlayState {
    return this.#state
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  #set(change: Partial<PlayState>): void {
    this.#state = { ...this.#state, ...change }
    for (const listener of this.#listeners) listener()
  }

  /**
   * Takes a length that became known later, in seconds, and goes where it was told to go before.
   * 0 (still not known) changes nothing.
   */
  setDuration(duration: number): void {
    if (duration <= 0 || duration === this.#state.duration) return
    const before = this.#state.time
    const time = Math.min(Math.max(0, this.#wish ?? before), duration)
    this.#wish = null
    this.#set({ duration })
    if (time !== before) this.seek(time)
  }

  /** Follows a <video> until the returned function is called. */
  attach(video: HTMLVideoElement): () => void {
    // From here on the element's clock counts.
    this.#stopped()
    this.#video = video
    const { rate, volume, muted } = this.#state
    Object.assign(video, { playbackRate: rate, volume, muted })
    const events: Partial<Record<keyof HTMLMediaElementEventMap, () => void>> = {
      loadedmetadata: () => {
        // A file without a length of its own in the library: the browser knows it.
        if (this.#state.duration <= 0 && Number.isFinite(video.duration))
          this.setDuration(video.duration)
        this.#set({ fault: null })
        // Going somewhere, be it to the start, is what takes the poster away.
        video.currentTime = Math.max(this.#state.time, FIRST_PICTURE)
      },
      play: () => this.#started(),
      pause: () => this.#stopped(),
      ended: () => this.#stopped(),
      waiting: () => this.#set({ waiting: true }),
      canplay: () => this.#set({ waiting: false }),
      // Already on the way elsewhere: that picture is still to come.
      seeked: () => this.#set({ waiting: false, shown: !video.seeking }),
      timeupdate: () => !video.seeking && this.#arrived(video.currentTime),
      error: () => void this.#failed(video),
    }
    const all = Object.entries(events)
    for (const [name, heard] of all) video.addEventListener(name, heard)
    return () => {
      for (const [name, heard] of all) video.removeEventListener(name, heard)
      this.#stopped()
      this.#video = null
      this.#set({ shown: false, waiting: false })
    }
  }

  /** The file's pictures cannot be shown, though it plays: sound goes on, keyframes stand in. */
  reportNoPicture(): void {
    this.#set({ fault: { kind: 'no-picture', message: 'This browser cannot show its pictures.' } })
  }

  async #failed(video: HTMLVideoElement): Promise<void> {
    this.#stopped()
    const fault = await diagnose(video)
    if (this.#video === video) this.#set({ fault, waiting: false })
  }

  /** Asks for the file again after a fault. */
  reload(): void {
    this.#set({ fault: null, shown: false })
    this.#video?.load()
  }

  get #follows(): HTMLVideoElement | null {
    const { fault } = this.#state
    return fault === null || fault.kind === 'no-picture' ? this.#video : null
  }

  seek(time: number): void {
    const { duration } = this.#state
    const at = Math.min(Math.max(0, time), duration)
    const { loop } = this.#state
    const leaves = loop && (at < loop.start || at > loop.end)
    if (duration <= 0) this.#wish = time
    const video = this.#follows
    // Until the element is there its picture is that of another time, which boxes do not belong to.
    const isElsewhere = video !== null && video.currentTime !== at
    this.#set({
      time: at,
      ...(leaves ? { loop: null } : {}),
      ...(isElsewhere ? { shown: false } : {}),
    })
    if (video) video.currentTime = at
  }

  seekBy(seconds: number): void {
    this.seek(this.#state.time + seconds)
  }

  async play(): Promise<void> {
    if (this.#state.time >= this.#state.duration - 0.01) this.seek(this.#state.loop?.start ?? 0)
    // A refusal (no gesture yet, no source) shows as staying paused.
    if (this.#follows) await this.#follows.play().catch(() => {})
    else this.#started()
  }

  pause(): void {
    if (this.#follows) this.#follows.pause()
    else this.#stopped()
  }

  toggle(): void {
    if (this.#state.playing) this.pause()
    else void this.play()
  }

  setRate(rate: number): void {
    if (this.#video) this.#video.playbackRate = rate
    this.#set({ rate })
  }

  setVolume(volume: number, muted = false): void {
    if (this.#video) Object.assign(this.#video, { volume, muted })
    this.#set({ volume, muted })
  }

  /** Repeats a stretch from its start; null ends that. */
  setLoop(loop: Loop | null): void {
    if (loop && (this.#state.time < loop.start || this.#state.time >= loop.end))
      this.seek(loop.start)
    this.#set({ loop })
  }

  #started(): void {
    this.#set({ playing: true })
    this.#stopTicks?.()
    const video = this.#follows
    this.#stopTicks = video
      ? everyFrame(video, (time) => this.#arrived(time))
      : everyPaint((seconds) => this.#arrived(this.#state.time + seconds * this.#state.rate))
  }

  #stopped(): void {
    this.#stopTicks?.()
    this.#stopTicks = null
    if (this.#state.playing) this.#set({ playing: false })
  }

  #arrived(time: number): void {
    const { loop, duration, playing } = this.#state
    if (loop && playing && time >= Math.min(loop.end, duration - 0.05)) {
      this.seek(loop.start)
      // At the very end the element has stopped by itself.
      if (this.#follows?.paused) void this.#follows.play().catch(() => {})
      return
    }
    this.#set({ time: Math.min(time, duration) })
    if (!this.#follows && time >= duration) this.#stopped()
  }
}

/** Calls `heard` with the time of each picture that is shown, in seconds. */
function everyFrame(video: HTMLVideoElement, heard: (time: number) => void): () => void {
  let handle = 0
  const tick = () => {
    if (!video.seeking) heard(video.currentTime)
    handle = requestAnimationFrame(tick)
  }
  // Sound alone has no pictures to tell of.
  if (!('requestVideoFrameCallback' in video) || video.videoWidth === 0) {
    handle = requestAnimationFrame(tick)
    return () => cancelAnimationFrame(handle)
  }
  const shown = (_now: number, { mediaTime }: VideoFrameCallbackMetadata) => {
    if (!video.seeking) heard(mediaTime)
    handle = video.requestVideoFrameCallback(shown)
  }
  handle = video.requestVideoFrameCallback(shown)
  return () => video.cancelVideoFrameCallback(handle)
}

/** Calls `heard` at each painted frame with the seconds since the one before. */
function everyPaint(heard: (seconds: number) => void): () => void {
  let last = performance.now()
  let handle = 0
  const tick = (now: number) => {
    const seconds = Math.max(0, now - last) / 1000
    last = now
    handle = requestAnimationFrame(tick)
    heard(seconds)
  }
  handle = requestAnimationFrame(tick)
  return () => cancelAnimationFrame(handle)
}
