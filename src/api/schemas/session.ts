import { z } from 'zod'

export const session = z
  .object({
    token_required: z.boolean().describe('This server asks for FORGEINDEX_TOKEN'),
    signed_in: z.boolean().describe('This caller needs to send nothing more'),
  })
  .meta({ id: 'Session' })
export type Session = z.infer<typeof session>

export const sessionBody = z.strictObject({ token: z.string().min(1).max(1_000) })
