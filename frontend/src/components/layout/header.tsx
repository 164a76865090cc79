import { Database, LayoutDashboard, type LucideIcon, Search } from 'lucide-react'
import { Link, NavLink, useLocation } from 'react-router'
import { cn } from '../../lib/cn.ts'
import { useConnection } from '../../lib/live-events.tsx'
import { paths } from '../../lib/paths.ts'
import { QuickSearch } from '../quick-search.tsx'

const NAV: { to: string; label: string; icon: LucideIcon }[] = [
  { to: paths.index, label: 'Overview', icon: LayoutDashboard },
  { to: paths.search(), label: 'Search', icon: Search },
  { to: paths.datasets, label: 'Datasets', icon: Database },
]

export function Header() {
  const { pathname } = useLocation()
  return (
    <header className="sticky top-0 z-30 border-b bg-panel">
      <div className="mx-auto flex h-14 max-w-[110rem] items-center gap-2 px-3 sm:gap-4 sm:px-4">
        <Link
          to={paths.index}
          className="flex items-center gap-2 rounded-sm font-semibold tracking-wide"
        >
          <Anvil />
          <span className="sr-only sm:not-sr-only">Forgeindex</span>
        </Link>
        <nav aria-label="Pages" className="flex items-center gap-1">
          {NAV.map(({ to, label, icon: Icon }) => (
            <NavLink
              key={to}
              to={to}
              end={to === paths.index}
              className={({ isActive }) =>
                cn(
                  'flex h-9 items-center gap-2 rounded-md px-2.5 text-sm text-dim hover:bg-raised hover:text-ink sm:px-3',
                  isActive && 'bg-raised text-ink shadow-[inset_0_-2px_0_var(--color-amber)]',
                )
              }
            >
              <Icon className="size-4" aria-hidden />
              <span className="max-sm:sr-only">{label}</span>
            </NavLink>
          ))}
        </nav>
        <div className="ml-auto flex items-center gap-3">
          {pathname !== '/search' && pathname !== '/' && <QuickSearch />}
          <ConnectionDot />
        </div>
      </div>
    </header>
  )
}

function Anvil() {
  return (
    <svg viewBox="0 0 32 24" className="h-6 w-8 text-amber" aria-hidden="true">
      <path
        fill="currentColor"
        d="M4 3h24v6h-7l-3.5 3.5V17H22v4H10v-4h4.5v-3.5C8 13.5 4 9.5 4 3z"
      />
    </svg>
  )
}

const STATES = {
  live: { text: 'Live: changes appear by themselves', className: 'bg-ok' },
  connecting: { text: 'Connecting to the server', className: 'bg-amber animate-pulse' },
  offline: { text: 'The server does not answer', className: 'bg-bad' },
}

function ConnectionDot() {
  const { text, className } = STATES[useConnection()]
  return (
    <span title={text} className="flex items-center p-1.5">
      <span className="sr-only">{text}</span>
      <span aria-hidden className={cn('size-2 rounded-full', className)} />
    </span>
  )
}
