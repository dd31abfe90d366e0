"""Tables → findings, one file per question; none knows which server wrote the evidence."""
