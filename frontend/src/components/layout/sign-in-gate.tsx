import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { KeyRound } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { ApiError } from '../../api/client.ts'
import { sessionQuery, signIn } from '../../api/session.ts'
import { ErrorState } from '../page-state.tsx'
import { Button } from '../ui/button.tsx'
import { Card } from '../ui/card.tsx'
import { Input, Label } from '../ui/input.tsx'

/**
 * Lets the pages through, or asks for the server's token first. Where no token is needed, or a proxy
 * adds it, nobody sees this.
 */
export function SignInGate({ children }: { children: ReactNode }) {
  const session = useQuery({
    ...sessionQuery(),
    refetchInterval: (query) => (query.state.data ? false : 2000),
  })
  if (session.data?.signed_in) return children
  if (session.data) return <SignIn />
  // While it asks again the query is pending anew: what went wrong before stays on the page.
  if (session.errorUpdateCount > 0) {
    const error = session.error ?? new ApiError(0, 'server-unreachable', 'It does not answer.')
    return (
      <main>
        <h1 className="sr-only">Forgeindex</h1>
        <ErrorState error={error} onRetry={() => void session.refetch()} />
      </main>
    )
  }
  return null
}

function SignIn() {
  const client = useQueryClient()
  const [token, setToken] = useState('')
  const signing = useMutation({
    mutationFn: signIn,
    onSuccess: () => client.invalidateQueries(),
  })
  return (
    <main className="grid min-h-dvh place-items-center p-4">
      <Card className="w-full max-w-sm p-6">
        <form
          className="space-y-4"
          onSubmit={(event) => {
            event.preventDefault()
            signing.mutate(token.trim())
          }}
        >
          <h1 className="flex items-center gap-2 text-lg font-semibold">
            <KeyRound className="size-5 text-amber" aria-hidden /> This library asks for its token
          </h1>
          <p className="text-sm text-dim">
            It is the value of <code className="font-mono">FORGEINDEX_TOKEN</code> on the server.
            Its operator has it.
          </p>
          <div className="space-y-1.5">
            <Label htmlFor="token">Token</Label>
            <Input
              id="token"
              type="password"
              autoComplete="current-password"
              required
              value={token}
              onChange={(event) => setToken(event.target.value)}
              aria-invalid={signing.isError}
              aria-describedby="token-fault"
            />
            <p id="token-fault" role="alert" className="text-sm text-bad">
              {signing.error?.message}
            </p>
          </div>
          <Button type="submit" variant="primary" className="w-full" disabled={signing.isPending}>
            Sign in
          </Button>
        </form>
      </Card>
    </main>
  )
}
