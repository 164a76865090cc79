/** Runs once before all tests; real servers are announced by the environment variables they set. */
export default function setup() {}
