export async function policyRows(): Promise<never[]> { return [] }
