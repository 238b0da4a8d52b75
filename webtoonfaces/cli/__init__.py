"""The command line: a thin command for each public function."""
