/** The event names that everything else hears, as server-sent events carry them. */
export const EVENT_TYPES = [
  'task.updated',
  'task.completed',
  'task.failed',
  'task.cancelled',
  'video.updated',
  'video.completed',
  'video.failed',
  'video.forgotten',
  'export.updated',
  'export.completed',
  'export.failed',
] as const
export type EventType = (typeof EVENT_TYPES)[number]

/** Those that tell of an end, each written once for each end. */
export const TERMINAL_EVENT_TYPES = EVENT_TYPES.filter((type) => !type.endsWith('.updated'))

/** One thing that happened; `id` grows, so a listener that comes back asks for what is newer. */
export interface LibraryEvent {
  id: number
  type: EventType
  time: Date
  taskId: string | null
  videoId: string | null
  data: Record<string, unknown>
}
