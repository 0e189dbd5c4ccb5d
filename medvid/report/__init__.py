"""What a person looks at: tables on a terminal, evidence frames as PNG, the files of a saved run."""
