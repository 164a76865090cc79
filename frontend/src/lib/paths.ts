/** The only place where the addresses of our own pages are spelled. */
export const paths = {
  index: '/',
  search: (values: Record<string, string> = {}) => {
    const query = new URLSearchParams(values).toString()
    return query ? `/search?${query}` : '/search'
  },
  /** `at` in seconds; `q` marks this search's hits on the timeline. */
  video: (id: string, { at, q }: { at?: number; q?: string } = {}) => {
    const query = new URLSearchParams({
      ...(at === undefined ? {} : { t: at.toFixed(2) }),
      ...(q ? { q } : {}),
    }).toString()
    return `/videos/${id}${query ? `?${query}` : ''}`
  },
  datasets: '/datasets',
  dataset: (id: string) => `/datasets/${id}`,
}
