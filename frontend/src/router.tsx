import { createBrowserRouter } from 'react-router'
import { AppLayout } from './components/layout/app-layout.tsx'
import { NotFoundPage, RouteErrorPage } from './pages/fault-pages.tsx'
import { IndexPage } from './pages/index/index-page.tsx'

/** The first page comes with the program; the others are fetched when they are first opened. */
export const router = createBrowserRouter([
  {
    element: <AppLayout />,
    errorElement: <RouteErrorPage />,
    // Shown while the first page's own code is on its way.
    HydrateFallback: () => null,
    children: [
      { path: '/', element: <IndexPage /> },
      {
        path: '/search',
        lazy: async () => ({
          Component: (await import('./pages/search/search-page.tsx')).SearchPage,
        }),
      },
      {
        path: '/videos/:id',
        lazy: async () => ({ Component: (await import('./pages/video/video-page.tsx')).VideoPage }),
      },
      {
        path: '/datasets/:id?',
        lazy: async () => ({
          Component: (await import('./pages/datasets/datasets-page.tsx')).DatasetsPage,
        }),
      },
      { path: '*', element: <NotFoundPage /> },
    ],
  },
])
