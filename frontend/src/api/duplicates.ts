import type { NearDuplicate } from '../../../src/api/schemas/duplicates.ts'
import { request } from './client.ts'

export type { NearDuplicate }

/** What a person says of two videos that look alike; null takes it back. */
export const sayOfDuplicate = (id: string, otherId: string, verdict: NearDuplicate['verdict']) =>
  request<NearDuplicate>(`/api/videos/${id}/duplicates/${otherId}`, {
    method: 'POST',
    body: { verdict },
  })
