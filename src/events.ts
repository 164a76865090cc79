/** The event names that everything else hears, as server-sent events carry them. */
export const EVENT_TYPES = [
  'task.updated',
  'task.completed',
  'task.failed',
  'video.updated',
  'export.updated',
  'export.completed',
  'export.failed',
] as const
export type EventType = (typeof EVENT_TYPES)[number]

/** One thing that happened; `id` grows, so a listener that comes back asks for what is newer. */
export interface LibraryEvent {
  id: number
  type: EventType
  time: Date
  taskId: string | null
  videoId: string | null
  data: Record<string, unknown>
}
