import { Suspense } from 'react'
import { Outlet, ScrollRestoration } from 'react-router'
import { LiveEventsProvider } from '../../lib/live-events.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { ConnectionBanner } from './connection-banner.tsx'
import { Header } from './header.tsx'
import { SignInGate } from './sign-in-gate.tsx'

/** The frame around every page. */
export function AppLayout() {
  return (
    <SignInGate>
      <LiveEventsProvider>
        <a
          href="#main"
          className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:m-2 focus:rounded-md focus:bg-amber focus:px-3 focus:py-2 focus:text-amber-ink"
        >
          Skip to the content
        </a>
        <Header />
        <ConnectionBanner />
        <main id="main" tabIndex={-1} className="outline-none">
          <Suspense fallback={<PageFallback />}>
            <Outlet />
          </Suspense>
        </main>
        <ScrollRestoration />
      </LiveEventsProvider>
    </SignInGate>
  )
}

function PageFallback() {
  return (
    <div className="mx-auto max-w-7xl space-y-4 p-4" role="status" aria-label="Loading the page">
      <Skeleton className="h-8 w-64" />
      <Skeleton className="h-40" />
      <Skeleton className="h-64" />
    </div>
  )
}
