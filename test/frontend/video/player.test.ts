// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Player } from '../../../frontend/src/pages/video/state/player.ts'

beforeEach(
  () =>
    void vi.useFakeTimers({
      toFake: ['requestAnimationFrame', 'cancelAnimationFrame', 'performance'],
    }),
)
afterEach(() => void vi.useRealTimers())

describe('the player without a file that plays', () => {
  it('keeps the time itself, at its speed, and stops at the end', async () => {
    const player = new Player(10, 2)
    player.setRate(2)
    await player.play()
    vi.advanceTimersByTime(2000)
    expect(player.state.time).toBeCloseTo(6, 1)
    vi.advanceTimersByTime(5000)
    expect(player.state).toMatchObject({ time: 10, playing: false })
  })

  it('begins anew when it is at the end', async () => {
    const player = new Player(10, 10)
    await player.play()
    expect(player.state).toMatchObject({ time: 0, playing: true })
  })

  it('repeats a segment until somebody goes elsewhere', async () => {
    const player = new Player(60, 30)
    player.setLoop({ start: 10, end: 12, label: 'tool usage' })
    expect(player.state.time).toBe(10)
    await player.play()
    vi.advanceTimersByTime(3000)
    expect(player.state.time).toBeGreaterThan(10.5)
    expect(player.state.time).toBeLessThan(11.5)
    player.seek(40)
    expect(player.state).toMatchObject({ time: 40, loop: null })
  })

  it('never goes beyond the ends', () => {
    const player = new Player(10, 99)
    expect(player.state.time).toBe(10)
    player.seekBy(-50)
    expect(player.state.time).toBe(0)
  })

  it('tells each listener until it is gone', () => {
    const player = new Player(10)
    const heard: number[] = []
    const stop = player.subscribe(() => heard.push(player.state.time))
    player.seek(3)
    stop()
    player.seek(4)
    expect(heard).toEqual([3])
  })
})

describe('the player with a file', () => {
  it('is where the element is, and takes it along', () => {
    const video = document.createElement('video')
    const player = new Player(10, 4)
    player.setVolume(0.5)
    const detach = player.attach(video)
    expect(video.volume).toBe(0.5)
    video.dispatchEvent(new Event('loadedmetadata'))
    expect(video.currentTime).toBe(4)
    expect(player.state.shown).toBe(false)
    video.dispatchEvent(new Event('seeked'))
    expect(player.state.shown).toBe(true)
    player.seek(7)
    expect(video.currentTime).toBe(7)
    // The picture is still that of 4 s.
    expect(player.state).toMatchObject({ time: 7, shown: false })
    video.dispatchEvent(new Event('seeked'))
    expect(player.state.shown).toBe(true)
    player.seek(7)
    expect(player.state.shown).toBe(true)
    video.currentTime = 8
    video.dispatchEvent(new Event('timeupdate'))
    expect(player.state.time).toBe(8)
    detach()
    video.currentTime = 1
    video.dispatchEvent(new Event('timeupdate'))
    expect(player.state.time).toBe(8)
  })

  it('goes to the first picture, so that the poster is gone', () => {
    const video = document.createElement('video')
    new Player(10).attach(video)
    video.dispatchEvent(new Event('loadedmetadata'))
    expect(video.currentTime).toBe(0.001)
  })

  it('goes by its own clock when the browser cannot play it', async () => {
    const video = document.createElement('video')
    video.src = 'data:video/mp4;base64,AAAA'
    const player = new Player(10)
    player.attach(video)
    video.dispatchEvent(new Event('error'))
    await vi.waitFor(() => expect(player.state.fault?.kind).toBe('unplayable'))
    await player.play()
    vi.advanceTimersByTime(1000)
    expect(player.state.time).toBeCloseTo(1, 1)
    expect(video.currentTime).toBe(0)
  })

  it('takes the length that comes later, and goes where it was to go', () => {
    const player = new Player(0, 30)
    expect(player.state).toMatchObject({ time: 0, duration: 0 })
    player.setDuration(0)
    expect(player.state.duration).toBe(0)
    const video = document.createElement('video')
    player.attach(video)
    player.setDuration(60)
    expect(player.state).toMatchObject({ time: 30, duration: 60 })
    expect(video.currentTime).toBe(30)
    player.seek(12)
    player.setDuration(61)
    expect(player.state).toMatchObject({ time: 12, duration: 61 })
  })

  it('gives its own clock up for that of an element that comes later', async () => {
    const player = new Player(10)
    await player.play()
    player.attach(document.createElement('video'))
    vi.advanceTimersByTime(2000)
    expect(player.state).toMatchObject({ time: 0, playing: false })
  })
})
