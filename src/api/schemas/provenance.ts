import { z } from 'zod'
import { isoDate, plainText } from './common.ts'

/** Where a licence statement was read. */
export const licenceEvidence = z.object({
  field: z.string().describe("The source's own name of the field"),
  value: z.string().describe('Its text as the source gave it'),
  page: z.string().describe('The page that shows it'),
  retrieved_at: isoDate.nullable(),
})
export type LicenceEvidence = z.infer<typeof licenceEvidence>

/** A video's entry in the ledger: where it is from, what may be done with it, and how that is known. */
export const provenance = z
  .object({
    video_id: z.string(),
    title: z.string(),
    platform: z.string(),
    source_id: z.string().describe("The platform's own id of it"),
    source_url: z.string(),
    query: z.string().nullable().describe('What it was found with'),
    uploader: z.string().nullable(),
    uploader_url: z.string().nullable(),
    published_at: isoDate.nullable(),
    licence: z.string().nullable().describe("An SPDX id where one exists, else the source's words"),
    licence_spdx: z
      .string()
      .nullable()
      .describe('SPDX id or LicenseRef-…; null when none is stated or it is not known'),
    licence_name: z.string().nullable(),
    licence_url: z.string().nullable(),
    licence_is_open: z
      .boolean()
      .nullable()
      .describe('Any use, at most with attribution and under the same licence; null: not known'),
    needs_attribution: z.boolean().nullable(),
    is_non_commercial: z.boolean().nullable(),
    is_no_derivatives: z.boolean().nullable(),
    licence_evidence: licenceEvidence.nullable(),
    attribution: z.string().describe('One line that names title, author, source and licence'),
    retrieved_at: isoDate.nullable(),
    fetched_with: z.string().nullable().describe('Tool and version'),
    sha256: z.string().nullable().describe('Of the stored file'),
    bytes: z.number().int().nullable(),
  })
  .meta({ id: 'Provenance' })
export type Provenance = z.infer<typeof provenance>

export const forgetBody = z.strictObject({
  reason: plainText.trim().min(1).max(1000).describe('Why: kept with the tombstone'),
})

/** What is left of a forgotten video. */
export const forgotten = z
  .object({
    video_id: z.string(),
    platform: z.string(),
    source_id: z.string(),
    url_sha256: z.string().describe('SHA-256 of its canonical address'),
    content_sha256: z.string().nullable(),
    reason: z.string(),
    forgotten_at: isoDate,
  })
  .meta({ id: 'ForgottenVideo' })
export type Forgotten = z.infer<typeof forgotten>
