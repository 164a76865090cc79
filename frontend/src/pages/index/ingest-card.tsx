import { FolderOpen, Link2, TextSearch, Upload } from 'lucide-react'
import { Card, CardHeader } from '../../components/ui/card.tsx'
import { Tabs, TabsContent, TabsList, TabsTrigger } from '../../components/ui/tabs.tsx'
import { AddressForm } from './address-form.tsx'
import { FolderForm } from './folder-form.tsx'
import { UploadForm } from './upload-form.tsx'
import { WordsForm } from './words-form.tsx'

export type Way = 'words' | 'addresses' | 'upload' | 'folder'

const WAYS = [
  { way: 'words', label: 'Words', icon: TextSearch },
  { way: 'addresses', label: 'Addresses', icon: Link2 },
  { way: 'upload', label: 'Upload', icon: Upload },
  { way: 'folder', label: 'Folder', icon: FolderOpen },
] as const

/** The four ways to bring videos in. */
export function IngestCard({ way, onWay }: { way: Way; onWay: (way: Way) => void }) {
  return (
    <Card aria-label="Ingest videos" id="ingest">
      <CardHeader title="Ingest videos" />
      <Tabs value={way} onValueChange={(value) => onWay(value as Way)} className="px-4 pt-1 pb-4">
        <TabsList aria-label="Where the videos come from" className="overflow-y-hidden">
          {WAYS.map(({ way: value, label, icon: Icon }) => (
            <TabsTrigger
              key={value}
              value={value}
              className="flex items-center gap-1.5 -outline-offset-2 max-sm:px-2"
            >
              <Icon className="size-4 max-sm:hidden" aria-hidden /> {label}
            </TabsTrigger>
          ))}
        </TabsList>
        <TabsContent value="words" forceMount className="data-[state=inactive]:hidden">
          <WordsForm onWay={onWay} />
        </TabsContent>
        <TabsContent value="addresses" forceMount className="data-[state=inactive]:hidden">
          <AddressForm />
        </TabsContent>
        <TabsContent value="upload" forceMount className="data-[state=inactive]:hidden">
          <UploadForm />
        </TabsContent>
        <TabsContent value="folder" forceMount className="data-[state=inactive]:hidden">
          <FolderForm onWay={onWay} />
        </TabsContent>
      </Tabs>
    </Card>
  )
}
