import { Link, useRouteError } from 'react-router'
import { EmptyState, ErrorState } from '../components/page-state.tsx'
import { Button } from '../components/ui/button.tsx'
import { paths } from '../lib/paths.ts'
import { useTitle } from '../lib/use-title.ts'

export function NotFoundPage() {
  useTitle('Not found')
  return (
    <EmptyState title="There is no such page">
      <Button asChild>
        <Link to={paths.index}>To the overview</Link>
      </Button>
    </EmptyState>
  )
}

/** What remains when a page itself breaks. */
export function RouteErrorPage() {
  const error = useRouteError()
  useTitle('Error')
  return <ErrorState error={error} onRetry={() => window.location.reload()} />
}
