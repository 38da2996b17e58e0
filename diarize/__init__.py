"""Who spoke when: one file a stage, in the order of the pipeline; `pipeline` reads as the diagram."""
