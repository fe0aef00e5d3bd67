"""scikit-learn's interface, and models of whole tables."""
