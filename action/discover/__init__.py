"""Discovery: a build context -> every container image that it will run, and how sure that is.

Read it from ``scan``: charts (``charts``, ``chart_scan``, ``render_matrix``, the engines behind ``helm``), manifests,
kustomizations, image lists and archives each give hits; ``extract`` walks one document and asks the rules at every
node; ``collect`` makes one finding of all hits of an image.
"""
