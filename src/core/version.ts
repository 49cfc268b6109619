/** The version of Skiff and Crew; test/rules holds it equal to package.json's. */
export const version = '0.1.0'
