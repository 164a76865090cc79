import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { RouterProvider } from 'react-router'
import { ApiError } from './api/client.ts'
import { ToastProvider } from './components/ui/toast.tsx'
import { TooltipProvider } from './components/ui/tooltip.tsx'
import { router } from './router.tsx'
import './styles.css'

const client = new QueryClient({
  queryCache: new QueryCache({
    onError: (error) => {
      // The session ended or the token changed: the gate asks for it again.
      if (error instanceof ApiError && error.status === 401) {
        void client.invalidateQueries({ queryKey: ['session'] })
      }
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // What the server refuses it refuses again; a server that is away comes back.
      retry: (failures, error) => error instanceof ApiError && error.isPassing && failures < 2,
      retryDelay: (failures) => 500 * 2 ** failures,
      // The server may be on this machine: being offline says nothing about it.
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
})

const root = document.getElementById('root')
if (!root) throw new Error('index.html has no #root')
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <TooltipProvider delayDuration={300}>
        <ToastProvider>
          <RouterProvider router={router} />
        </ToastProvider>
      </TooltipProvider>
    </QueryClientProvider>
  </StrictMode>,
)
